"""How simulated hardware behaves: it moves only by step(dt) and by what it is told."""
