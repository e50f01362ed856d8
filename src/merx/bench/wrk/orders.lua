-- POST the checkout of prepared carts, each once. Arguments: first cart's number, how many, kind of the ids, body.
-- One thread. The run ends when every cart has its answer.
local threads = {}
local first, count, kind, body
local headers = { ["Content-Type"] = "application/json", ["Accept-Language"] = "zh-CN" }
local sent = -1 -- wrk asks once for a request that it never sends
placed, refused, failed, started, ended = 0, 0, 0, 0, 0
failure = ""

function setup(thread)
  table.insert(threads, thread)
end

function init(args)
  first, count, kind, body = tonumber(args[1]), tonumber(args[2]), args[3], args[4]
end

function request()
  if sent < 0 or sent >= count then
    sent = math.max(sent, 0)
    return wrk.format("GET", "/health")
  end
  if started == 0 then started = now_us() end
  local number = first + sent
  sent = sent + 1
  headers["Cart-Token"] = "bench-" .. number
  headers["Idempotency-Key"] = "bench-" .. number
  local path = string.format("/api/v1/carts/%s-0000-0000-0000-%012x/checkout", kind, number)
  return wrk.format("POST", path, headers, body)
end

function response(status, _, answer)
  if status == 201 then
    placed = placed + 1
  elseif status == 409 then
    refused = refused + 1
  elseif status ~= 200 then -- 200 is /health, asked when no cart is left
    failed = failed + 1
    if failure == "" then failure = status .. " " .. string.sub(answer, 1, 300) end
  end
  if ended == 0 and placed + refused + failed == count then
    ended = now_us()
    end_run()
  end
end

function done()
  local thread = threads[1]
  local seconds = (thread:get("ended") - thread:get("started")) / 1e6
  io.write(string.format('\n{"completed":%d,"refused":%d,"failed":%d,"seconds":%.6f}\n%s',
    thread:get("placed"), thread:get("refused"), thread:get("failed"), seconds, thread:get("failure")))
end
