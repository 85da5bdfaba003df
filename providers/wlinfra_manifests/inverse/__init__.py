"""What live objects would be declared as: the inverse of rendering, checked by rendering the result again."""
