"""The sections of the report that come with core: hook plugins like those of anybody, one for each kind of data."""
