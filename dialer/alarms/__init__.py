"""What a person must look at: raised once, shown until it is over."""
