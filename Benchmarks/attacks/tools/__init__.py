"""What the attacks share: their target, what is measured beside them, and the bytes on the wire."""
