"""What every room uses: names, checks, policy documents and clients of AWS; nothing here makes a resource."""
