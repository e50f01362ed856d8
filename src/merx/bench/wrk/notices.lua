-- POST each notice of a file once. Argument: the file, one notice a line: time, nonce, key, signature and body, with tabs.
-- One thread. The run ends when every notice has its answer.
local threads = {}
local requests = {}
local sent = -1 -- wrk asks once for a request that it never sends
completed, failed, started, ended = 0, 0, 0, 0
failure = ""

function setup(thread)
  table.insert(threads, thread)
end

function init(args)
  for line in io.lines(args[1]) do
    local time, nonce, serial, signature, body = string.match(line, "^([^\t]*)\t([^\t]*)\t([^\t]*)\t([^\t]*)\t(.*)$")
    table.insert(requests, wrk.format("POST", "/payments/wechat/notify", {
      ["Content-Type"] = "application/json; charset=utf-8",
      ["Wechatpay-Timestamp"] = time,
      ["Wechatpay-Nonce"] = nonce,
      ["Wechatpay-Serial"] = serial,
      ["Wechatpay-Signature"] = signature,
      ["Wechatpay-Signature-Type"] = "WECHATPAY2-SHA256-RSA2048",
    }, body))
  end
end

function request()
  if sent < 0 or sent >= #requests then
    sent = math.max(sent, 0)
    return wrk.format("GET", "/health")
  end
  if started == 0 then started = now_us() end
  sent = sent + 1
  return requests[sent]
end

function response(status, _, answer)
  if status == 200 and string.find(answer, '"SUCCESS"', 1, true) then
    completed = completed + 1
  elseif status ~= 200 then -- another 200 is /health, asked when no notice is left
    failed = failed + 1
    if failure == "" then failure = status .. " " .. string.sub(answer, 1, 300) end
  end
  if ended == 0 and completed + failed == #requests then
    ended = now_us()
    end_run()
  end
end

function done()
  local thread = threads[1]
  local seconds = (thread:get("ended") - thread:get("started")) / 1e6
  io.write(string.format('\n{"completed":%d,"failed":%d,"seconds":%.6f}\n%s',
    thread:get("completed"), thread:get("failed"), seconds, thread:get("failure")))
end
