"""`dialer demo`: the whole product on this machine, with phones that talk by themselves."""
