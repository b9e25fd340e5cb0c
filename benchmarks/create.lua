-- wrk's script: creates tasks and counts the answers that are 201, and those that are not.

local threads = {}

function setup(thread)
   threads[#threads + 1] = thread
end

function init(args)
   created, others = 0, 0
   wrk.method = "POST"
   wrk.path = "/tasks"
   wrk.headers["Content-Type"] = "application/json"
   wrk.body = args[1]
end

function response(status)
   if status == 201 then created = created + 1 else others = others + 1 end
end

function done(summary)
   local created, others = 0, 0
   for _, thread in ipairs(threads) do
      created = created + thread:get("created")
      others = others + thread:get("others")
   end
   local errors = summary.errors
   local broken = errors.connect + errors.read + errors.write + errors.timeout
   io.write(string.format("created=%d others=%d broken=%d microseconds=%d\n", created, others, broken, summary.duration))
end
