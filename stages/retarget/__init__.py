"""retarget: transfers clips to the character's skeleton (transfer.py) and keeps its feet on the floor (feet.py)."""
