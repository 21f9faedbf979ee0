"""Words and values by their sound: what a telephone mixes up is equal (Q2). Pure."""
