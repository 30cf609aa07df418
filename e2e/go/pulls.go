package main

import (
	"context"
	"fmt"
	"time"

	"github.com/apache/rocketmq-client-go/v2"
	"github.com/apache/rocketmq-client-go/v2/consumer"
	"github.com/apache/rocketmq-client-go/v2/primitive"
)

// poll collects that many messages and acknowledges them.
func poll(c rocketmq.PullConsumer, count int) ([]*primitive.MessageExt, error) {
	var got []*primitive.MessageExt
	end := time.Now().Add(deadline)
	for len(got) < count {
		if time.Now().After(end) {
			return nil, fmt.Errorf("%d messages polled, got %d", count, len(got))
		}
		request, err := c.Poll(context.Background(), 500*time.Millisecond)
		if consumer.IsNoNewMsgError(err) {
			continue
		}
		if err != nil {
			return nil, err
		}
		got = append(got, request.GetMsgList()...)
		c.ACK(context.Background(), request, consumer.ConsumeSuccess)
	}
	if len(got) != count {
		return nil, fmt.Errorf("%d messages polled instead of %d", len(got), count)
	}
	return got, nil
}

func pullSubscribe(r *run) (figures, error) {
	p, err := r.producer()
	if err != nil {
		return nil, err
	}
	if _, err := sendEach(p, r.topic(), 0, 120); err != nil {
		return nil, err
	}
	subscribed := func() (rocketmq.PullConsumer, error) {
		c, err := r.pullConsumer(r.group("lite"))
		if err != nil {
			return nil, err
		}
		if err := c.Subscribe(r.topic(), selector("TagA || TagC")); err != nil {
			return nil, err
		}
		return c, c.Start()
	}
	first, err := subscribed()
	if err != nil {
		return nil, err
	}
	got, err := poll(first, 80)
	if err != nil {
		return nil, err
	}
	for _, message := range got {
		if err := compare(r.topic(), message); err != nil {
			return nil, err
		}
		if message.GetTags() == "TagB" {
			return nil, fmt.Errorf("message %d with TagB was delivered", numberOf(message))
		}
	}
	if err := first.Shutdown(); err != nil {
		return nil, err
	}
	if _, err := sendEach(p, r.topic(), 120, 30); err != nil {
		return nil, err
	}
	second, err := subscribed()
	if err != nil {
		return nil, err
	}
	rest, err := poll(second, 20)
	if err != nil {
		return nil, err
	}
	for _, message := range rest {
		if numberOf(message) < 120 {
			return nil, fmt.Errorf("message %d came again although its offset was committed", numberOf(message))
		}
	}
	return figures{"sent": 150, "received": 100}, nil
}

func pullAssign(r *run) (figures, error) {
	p, err := r.producer()
	if err != nil {
		return nil, err
	}
	if _, err := sendEach(p, r.topic(), 0, 100); err != nil {
		return nil, err
	}
	c, queues, err := openAssigned(r, r.group("assign"))
	if err != nil {
		return nil, err
	}
	total := 0
	next := map[int]int64{}
	wanted := 0
	for _, queue := range queues {
		begin, err := c.OffsetForTimestamp(queue, time.Now().Add(-time.Hour).UnixMilli())
		if err != nil {
			return nil, err
		}
		if begin != 0 {
			return nil, fmt.Errorf("offset an hour ago of queue %d is %d", queue.QueueId, begin)
		}
		max, err := pullAll(c, queue, func(message *primitive.MessageExt) error { return compare(r.topic(), message) })
		if err != nil {
			return nil, err
		}
		total += int(max)
		next[queue.QueueId] = max/2 + int64(queue.QueueId%2)
		wanted += int(max - next[queue.QueueId])
		c.SeekOffset(queue, next[queue.QueueId])
	}
	if total != 100 {
		return nil, fmt.Errorf("%d messages pulled instead of 100", total)
	}
	if err := c.Assign(r.topic(), queues); err != nil {
		return nil, err
	}
	after, err := poll(c, wanted)
	if err != nil {
		return nil, err
	}
	for _, message := range after {
		if message.QueueOffset != next[message.Queue.QueueId] {
			return nil, fmt.Errorf("queue %d: offset %d after seek, %d was next", message.Queue.QueueId, message.QueueOffset, next[message.Queue.QueueId])
		}
		next[message.Queue.QueueId]++
	}
	return figures{"received": total + wanted}, nil
}

// openAssigned starts a pull consumer without queues (a way the client knows) and looks the topic's queues up.
func openAssigned(r *run, group string) (rocketmq.PullConsumer, []*primitive.MessageQueue, error) {
	c, err := r.pullConsumer(group)
	if err != nil {
		return nil, nil, err
	}
	if err := c.Assign(r.topic(), nil); err != nil {
		return nil, nil, err
	}
	if err := c.Start(); err != nil {
		return nil, nil, err
	}
	queues, err := c.GetTopicRouteInfo(r.topic())
	return c, queues, err
}

// pullAll pulls a queue from its begin to its end, which it returns; offsets must follow each other without a gap.
func pullAll(c rocketmq.PullConsumer, queue *primitive.MessageQueue, each func(*primitive.MessageExt) error) (int64, error) {
	for offset := int64(0); ; {
		result, err := c.PullFrom(context.Background(), queue, offset, 32)
		if err != nil {
			return 0, err
		}
		if result.Status == primitive.PullNoNewMsg && result.MaxOffset == offset {
			return offset, nil
		}
		if result.Status != primitive.PullFound || result.MinOffset != 0 {
			return 0, fmt.Errorf("queue %d at %d: status %d, offsets %d to %d", queue.QueueId, offset, result.Status, result.MinOffset, result.MaxOffset)
		}
		for _, message := range result.GetMessageExts() {
			if message.QueueOffset != offset {
				return 0, fmt.Errorf("queue %d: offset %d instead of %d", queue.QueueId, message.QueueOffset, offset)
			}
			if err := each(message); err != nil {
				return 0, err
			}
			offset++
		}
		if offset == result.MaxOffset {
			return offset, nil
		}
	}
}
