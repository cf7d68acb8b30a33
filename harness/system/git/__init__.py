"""Git, called as a program by this room alone.

- `program` how git is called, and its errors in words
- `reading` what is read from the user's repository
- `writing` what is changed in it
- `applying` patches as people have them
- `copy`    a private repository with the files of a revision
- `listing` the files of a tree, so that some can be left out of a comparison
- `ref_files` what can be read of refs without a call
- `locks`   git's own lock files
"""
