"""Controllers: each watches some kinds and moves the cluster towards what specs say."""
