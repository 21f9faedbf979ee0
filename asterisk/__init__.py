"""Everything that knows Asterisk: the AMI adapter, conf templates, a private install, softphones."""
