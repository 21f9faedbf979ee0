"""Who speaks when, what is asked, and how it is answered (Q2, Q3). Pure."""
