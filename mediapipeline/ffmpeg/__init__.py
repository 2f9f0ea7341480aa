"""The engine adapter: everything that knows how FFmpeg is spoken to.

`escaping`, `filtergraph`, `command` and `features` are pure values and text; `binary`, `detect`, `probe`, `process`,
`progress` and `diagnosis` find a build, ask it and run it. Nothing here knows of jobs, operators or plans.
"""
