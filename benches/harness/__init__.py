"""What bench.py is made of: data, contenders, measuring, checking, reporting."""
