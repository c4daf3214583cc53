"""A training set opened, checked and computed: what every kind of run works on."""
