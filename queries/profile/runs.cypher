// Which runs were published, newest first, and which is live: the audit trail.
//
// :param k => 20;
//   INTEGER >= 1: how many rows
//
// columns: run, state, mode, model, started, finished, metrics
// index: none
// scans: ProfileRun (a node for each published run)
// cost: a node for each published run
MATCH (run:ProfileRun)
RETURN run.id AS run, run.state AS state, coalesce(run.kept, run.mode) AS mode, run.model AS model,
       run.startedAt AS started, run.finishedAt AS finished, run.metrics AS metrics
ORDER BY started DESC, run DESC LIMIT $k
