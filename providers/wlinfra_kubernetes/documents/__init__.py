"""Objects as plain JSON: names, paths, quantities, comparison. Pure."""
