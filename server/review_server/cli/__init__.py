"""The command line. The server never imports it, so that editors pay for neither click nor rich."""
