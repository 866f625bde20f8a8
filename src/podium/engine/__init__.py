"""Small loops of one shape that act on what policy decides; they reach the world only through ports."""
