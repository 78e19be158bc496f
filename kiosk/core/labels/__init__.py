"""What a scanned or typed label means: goods, weight, price, days, or a code of our own. Pure, and never raises."""
