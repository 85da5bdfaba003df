"""The shape in which values of DataRobot are compared, and what is looked at beside it."""
