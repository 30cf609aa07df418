package main

import (
	"strconv"
	"time"

	"github.com/apache/rocketmq-client-go/v2/primitive"
)

// lateTimerMs: Apache delivers at the end of a second.
const lateTimerMs = 4000

// timers asks in the three ways, by property, since the client has no methods for them.
func timers(r *run) (figures, error) {
	count := 60
	due := map[int]int64{}
	latest, err := sendAhead(r, count, lateTimerMs,
		func(n int) *primitive.Message {
			message := sample(r.topic(), n)
			now := time.Now().UnixMilli()
			delay := int64(1000 + n*77)
			switch n % 3 {
			case 0:
				message.WithProperty("TIMER_DELIVER_MS", strconv.FormatInt(now+delay, 10))
			case 1:
				message.WithProperty("TIMER_DELAY_MS", strconv.FormatInt(delay, 10))
			default:
				delay = 3000
				message.WithProperty("TIMER_DELAY_SEC", "3")
			}
			due[n] = now + delay
			return message
		},
		func(n int, message *primitive.MessageExt) int64 { return message.StoreTimestamp - due[n] })
	return figures{"timers": count, "latestMs": latest}, err
}
