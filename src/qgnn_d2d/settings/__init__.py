"""The settings of a study: every option is declared here, once."""
