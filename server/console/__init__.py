"""The pages of the sections and the brigade."""
