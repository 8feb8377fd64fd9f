"""Long work asked for in the console and done in the worker: exports, reports, zips of certificates.

How a feature uses it:

    # in create_app: what the kind is called, who may ask, and the function that does it
    kinds.register(kinds.Kind("report", "年度报告", (Role.ANALYST,), make_report))

    # in a service or view: ask (inside or outside a transaction); the scheduler wakes the worker within a second
    public_id = service.ask(actor, "report", node, {"year": 2026}, title="2026 年度报告")

    # the function: parameters in, a file out; it runs in the worker, inside the app's context, outside a transaction
    def make_report(asked: kinds.Asked, progress: kinds.Progress) -> kinds.File:
        for done, part in enumerate(parts):
            progress(done, len(parts), "正在统计")
        return kinds.File("报告.docx", DOCX, pieces)

- `progress(done, total, message)` also keeps the lease: call it more often than every third of LEASE_SECONDS, never
  inside transaction(). It writes in a session of its own, so a cursor that streams rows stays open. It raises
  Superseded when another worker has taken over: let it through.
- `pieces` is any iterable of bytes, also a generator that works while it is read; `kinds.pieces(stream)` cuts an open
  file. They are kept in the database in chunks, so that every web host can serve them.
- A DomainError becomes the message people read; any other exception "failed" and a log entry. A killed worker's job is
  taken up again when its lease has run out, so the function may run twice: it must only read, or write what may be
  written again.
- A file is deleted after the setting `job_file_days`. Only the person who asked sees it; `shared=True` lets everybody
  see it who holds one of the kind's roles over the unit.
"""
