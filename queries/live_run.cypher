// The run whose profiles are on the nodes now.
MATCH (run:ProfileRun {state: 'live'}) RETURN run.id AS id
