"""Makes kindest/node images out of Go modules and Debian packages."""
