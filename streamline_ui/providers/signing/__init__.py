"""How senders sign their webhooks: the table of them, and the parts it is made of. `signatures` is the door."""
