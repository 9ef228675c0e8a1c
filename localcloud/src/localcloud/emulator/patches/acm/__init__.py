"""Certificate Manager: certificates are issued by what stands in DNS, and kept while they are used."""
