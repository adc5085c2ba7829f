-- Posts the review that the environment names, over and over, each time for a pod of another name: a line of the log that
-- says the same as an earlier one would be counted instead of written.
local file = assert(io.open(os.getenv("REVIEW"), "rb"))
local review = file:read("*a")
file:close()
wrk.headers["Content-Type"] = "application/json"
local requests, next = {}, 0

function init()
   for number = 1, 2000 do
      local body = review:gsub("web%-00000", string.format("web-%05d", number))
      requests[number] = wrk.format("POST", nil, nil, body)
   end
end

function request()
   next = next % #requests + 1
   return requests[next]
end
