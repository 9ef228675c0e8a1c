"""What stands in the account after `up`, asked of the account itself and not of the program's inputs."""
