package main

import (
	"context"
	"fmt"
	"strconv"
	"time"
)

// lateTimerMs: Apache delivers at the end of a second.
const lateTimerMs = 4000

// timers asks in the three ways, by property, since the client has no methods for them.
func timers(r *run) (figures, error) {
	count := 60
	if err := r.makeTopic(4); err != nil {
		return nil, err
	}
	p, err := r.producer()
	if err != nil {
		return nil, err
	}
	in := newInbox(r.topic())
	if _, err := in.open(r, r.group("consumer"), "*"); err != nil {
		return nil, err
	}
	due := map[int]int64{}
	for n := 0; n < count; n++ {
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
		if _, err := p.SendSync(context.Background(), message); err != nil {
			return nil, fmt.Errorf("timer %d: %w", n, err)
		}
	}
	if err := in.await(count); err != nil {
		return nil, err
	}
	latest := int64(0)
	for n, message := range in.byNumber {
		late := message.StoreTimestamp - due[n]
		if late < 0 || late > lateTimerMs {
			return nil, fmt.Errorf("message %d came %d ms after its time", n, late)
		}
		latest = max(latest, late)
	}
	if in.deliveries != count {
		return nil, fmt.Errorf("%d deliveries of %d messages", in.deliveries, count)
	}
	return figures{"timers": count, "latestMs": latest}, nil
}
