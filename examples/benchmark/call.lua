-- The call that is made over and over, and the line of figures that run.sh reads when wrk has ended.
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.headers["Accept"] = "application/json, text/event-stream"
wrk.headers["MCP-Protocol-Version"] = "2026-07-28"
wrk.headers["Mcp-Method"] = "tools/call"
wrk.headers["Mcp-Name"] = "echo"
wrk.body = io.open(os.getenv("CALL_BODY"), "rb"):read("*a")

function done(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format(
    "FIGURES %d %d %d %d %d\n",
    summary.requests,
    summary.duration,
    errors.status + errors.connect + errors.read + errors.write + errors.timeout,
    latency:percentile(50),
    latency:percentile(99)
  ))
end
