-- GET one of a number of addresses at random. Arguments: pattern with one %d, how many.
local requests = {}

function init(args)
  math.randomseed(20261121)
  wrk.headers["Accept-Language"] = "zh-CN"
  for number = 1, tonumber(args[2]) do
    requests[number] = wrk.format("GET", string.format(args[1], number))
  end
end

function request()
  return requests[math.random(#requests)]
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '\n{"completed":%d,"failed":%d,"seconds":%.6f,"p50_ms":%.3f,"p99_ms":%.3f}\n',
    summary.requests - errors.status, errors.status + errors.connect + errors.read + errors.write + errors.timeout,
    summary.duration / 1e6, latency:percentile(50) / 1000, latency:percentile(99) / 1000))
end
