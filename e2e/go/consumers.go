package main

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/apache/rocketmq-client-go/v2/consumer"
	"github.com/apache/rocketmq-client-go/v2/primitive"
	"github.com/apache/rocketmq-client-go/v2/producer"
)

func tags(r *run) (figures, error) {
	p, err := r.producer()
	if err != nil {
		return nil, err
	}
	if _, err := sendEach(p, r.topic(), 0, 45); err != nil {
		return nil, err
	}
	in := newInbox(r.topic())
	c, err := in.open(r, r.group("consumer"), "TagA || TagB")
	if err != nil {
		return nil, err
	}
	if err := in.await(30); err != nil {
		return nil, err
	}
	if _, err := sendEach(p, r.topic(), 45, 45); err != nil {
		return nil, err
	}
	if err := in.await(60); err != nil {
		return nil, err
	}
	if err := c.Shutdown(); err != nil {
		return nil, err
	}
	if in.deliveries != 60 {
		return nil, fmt.Errorf("%d deliveries instead of 60", in.deliveries)
	}
	for n, message := range in.byNumber {
		if message.GetTags() == "TagC" {
			return nil, fmt.Errorf("message %d with TagC was delivered", n)
		}
	}
	return figures{"sent": 90, "received": 60}, nil
}

// ordered watches that each queue is consumed in order, and by one at a time.
type ordered struct {
	sync.Mutex
	done    int
	busy    map[int]bool
	next    map[int]int64
	failure error
}

const orderedQueues = 8

// orderly has one consumer only: this client never gives up the lock of a queue that it lost in a rebalance (nor at
// its end), so a second one would have to wait until the broker lets the lock expire after a minute.
func orderly(r *run) (figures, error) {
	if err := r.makeTopic(orderedQueues); err != nil {
		return nil, err
	}
	p, err := r.producer(producer.WithQueueSelector(producer.NewManualQueueSelector()))
	if err != nil {
		return nil, err
	}
	o := &ordered{busy: map[int]bool{}, next: map[int]int64{}}
	sent := 0
	send := func(times int) error {
		for i := 0; i < times*orderedQueues; i++ {
			message := sample(r.topic(), sent)
			message.Queue = &primitive.MessageQueue{Topic: r.topic(), BrokerName: "broker-a", QueueId: i % orderedQueues}
			if _, err := p.SendSync(context.Background(), message); err != nil {
				return err
			}
			sent++
		}
		return nil
	}
	if err := send(10); err != nil {
		return nil, err
	}
	if err := o.open(r); err != nil {
		return nil, err
	}
	if err := o.await(sent); err != nil {
		return nil, err
	}
	if err := send(30); err != nil {
		return nil, err
	}
	if err := o.await(sent); err != nil {
		return nil, err
	}
	return figures{"sent": sent}, nil
}

func (o *ordered) open(r *run) error {
	_, err := r.pushConsumer(r.group("ordered"), "*", func(_ context.Context, messages ...*primitive.MessageExt) (consumer.ConsumeResult, error) {
		for _, message := range messages {
			o.begin(message)
			time.Sleep(100 * time.Microsecond)
			o.end(message)
		}
		return consumer.ConsumeSuccess, nil
	}, consumer.WithConsumerOrder(true))
	return err
}

func (o *ordered) begin(message *primitive.MessageExt) {
	o.Lock()
	defer o.Unlock()
	queue := message.Queue.QueueId
	if o.busy[queue] {
		o.failure = fmt.Errorf("queue %d is consumed by two at once", queue)
	}
	o.busy[queue] = true
	switch expected := o.next[queue]; {
	case message.QueueOffset > expected:
		o.failure = fmt.Errorf("queue %d: offset %d came, %d was next", queue, message.QueueOffset, expected)
	case message.QueueOffset == expected:
		o.next[queue] = expected + 1
		o.done++
	}
}

func (o *ordered) end(message *primitive.MessageExt) {
	o.Lock()
	defer o.Unlock()
	o.busy[message.Queue.QueueId] = false
}

func (o *ordered) await(count int) error {
	state := func() (int, error) {
		o.Lock()
		defer o.Unlock()
		return o.done, o.failure
	}
	err := await(func() bool { done, failure := state(); return failure != nil || done == count },
		func() string { done, _ := state(); return fmt.Sprintf("%d ordered messages, consumed %d", count, done) })
	if _, failure := state(); failure != nil {
		return failure
	}
	return err
}
