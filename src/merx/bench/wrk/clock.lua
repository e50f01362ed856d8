-- Time in microseconds, and the end of a run before its time is over.
local ffi = require("ffi")
ffi.cdef [[
typedef struct { long tv_sec; long tv_usec; } merx_time;
int gettimeofday(merx_time *now, void *zone);
int getpid(void);
int kill(int pid, int signal);
]]
local at = ffi.new("merx_time")

function now_us()
  ffi.C.gettimeofday(at, nil)
  return tonumber(at.tv_sec) * 1000000 + tonumber(at.tv_usec)
end

function end_run()
  wrk.thread:stop()
  ffi.C.kill(ffi.C.getpid(), 2) -- wrk's main thread sleeps; an interrupt wakes it
end
