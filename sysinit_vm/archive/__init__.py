"""Files as a tar stream: packed and unpacked through open directories, so that no path is looked up twice."""
