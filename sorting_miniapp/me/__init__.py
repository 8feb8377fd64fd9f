"""What needs every feature about one resident: the timeline from the first quiz to a certificate."""
