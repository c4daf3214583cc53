"""Takes a training set's rows and a log's records → gives the profile of each, how far apart they are, and what of that
is both an effect and evidence; tells those who asked to be told."""
