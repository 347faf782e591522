// What changed between two published runs: every figure of their metrics side by side.
//
// The graph holds the profiles of the live run only; those of earlier ones are in their run folders.
//
// :param before => null;
//   STRING: the earlier run; null is the one published before the later
// :param after => null;
//   STRING: the later run; null is the live one
//
// columns: metric, before, after, change
// index: none
// scans: ProfileRun (a node for each published run)
// cost: a node for each published run
MATCH (run:ProfileRun)
WITH run ORDER BY run.finishedAt DESC, run.id DESC
WITH collect(run) AS runs
WITH runs, [run IN runs WHERE run.id = $after OR ($after IS NULL AND run.state = 'live')][0] AS later
WITH later, [run IN runs WHERE run.id <> later.id AND (run.id = $before OR ($before IS NULL AND run.state = 'superseded'))][0] AS earlier
WHERE earlier IS NOT NULL
UNWIND split(substring(later.metrics, 1, size(later.metrics) - 2), ', "') AS entry
WITH earlier, replace(split(entry, '": ')[0], '"', '') AS metric, toFloatOrNull(split(entry, '": ')[1]) AS after
WHERE after IS NOT NULL
WITH metric, toFloatOrNull(split(split(split(earlier.metrics, '"' + metric + '": ')[1], ',')[0], '}')[0]) AS before, after
RETURN metric, before, after, after - before AS change
ORDER BY metric
