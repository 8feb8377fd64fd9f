"""`make bench`: the targets of the service's hot paths, each as a ratio to a ceiling measured in the same run."""
