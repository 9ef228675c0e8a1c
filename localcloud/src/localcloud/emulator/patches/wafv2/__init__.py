"""WAF: web ACLs are kept while they protect something, and log where WAF may write."""
