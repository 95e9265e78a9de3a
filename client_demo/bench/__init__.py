"""How fast is it here? Load on a real server over real sockets, measured from the outside."""
