"""A feature table's rows of some entities on the driver, by any rule."""
