"""Cloud Map: answers under the names that clients read, and namespaces that are kept while they are used."""
