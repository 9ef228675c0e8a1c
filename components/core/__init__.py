"""What every room uses: names, checks, placement, policy documents, clients of AWS. Nothing here makes a resource."""
