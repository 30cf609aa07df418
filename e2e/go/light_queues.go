package main

import (
	"context"
	"fmt"
	"time"

	"github.com/apache/rocketmq-client-go/v2"
	"github.com/apache/rocketmq-client-go/v2/primitive"
)

// lightQueues: messages that name light message queues are read there too, in order.
func lightQueues(r *run) (figures, error) {
	count := 60
	all, odd := "%LMQ%"+r.topic()+"-all", "%LMQ%"+r.topic()+"-odd"
	if err := r.makeTopic(1); err != nil {
		return nil, err
	}
	p, err := r.producer()
	if err != nil {
		return nil, err
	}
	for n := 0; n < count; n++ {
		names := all
		if n%2 == 1 {
			names += "," + odd
		}
		message := sample(r.topic(), n)
		message.WithProperty("INNER_MULTI_DISPATCH", names)
		if _, err := p.SendSync(context.Background(), message); err != nil {
			return nil, err
		}
	}
	// A light message queue has no route: its broker is known from the topic's.
	c, own, err := openAssigned(r, r.group("light"))
	if err != nil {
		return nil, err
	}
	light := func(name string) *primitive.MessageQueue {
		return &primitive.MessageQueue{Topic: name, BrokerName: own[0].BrokerName}
	}
	if err := readLight(c, light(all), r.topic(), 0, 1, count); err != nil {
		return nil, err
	}
	if err := readLight(c, light(odd), r.topic(), 1, 2, count/2); err != nil {
		return nil, err
	}
	return figures{"messages": count}, nil
}

func readLight(c rocketmq.PullConsumer, queue *primitive.MessageQueue, topic string, first, step, count int) error {
	next := int64(0)
	for end := time.Now().Add(deadline); next < int64(count); {
		if time.Now().After(end) {
			return fmt.Errorf("waited %v for %d messages in %s, %d came", deadline, count, queue.Topic, next)
		}
		result, err := c.PullFrom(context.Background(), queue, next, 16)
		if err != nil {
			return err
		}
		for _, message := range result.GetMessageExts() {
			if err := compare(topic, message); err != nil {
				return err
			}
			if n := numberOf(message); n != first+int(next)*step {
				return fmt.Errorf("message %d is at offset %d of %s", n, next, queue.Topic)
			}
			next++
		}
	}
	return nil
}
