package main

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/apache/rocketmq-client-go/v2"
	"github.com/apache/rocketmq-client-go/v2/consumer"
	"github.com/apache/rocketmq-client-go/v2/primitive"
)

const (
	rebalanceQueues = 8
	// betweenChanges is how many messages arrive between one change of the group and the next.
	betweenChanges = 200
)

// member is one consumer of the group, which knows from which queues it was served since the last look.
type member struct {
	sync.Mutex
	queues   map[int]bool
	consumer rocketmq.PushConsumer
}

func join(r *run, all *inbox) (*member, error) {
	m := &member{queues: map[int]bool{}}
	c, err := r.pushConsumer(r.group("group"), "*", func(_ context.Context, messages ...*primitive.MessageExt) (consumer.ConsumeResult, error) {
		m.Lock()
		defer m.Unlock()
		for _, message := range messages {
			all.accept(message)
			m.queues[message.Queue.QueueId] = true
		}
		return consumer.ConsumeSuccess, nil
	})
	m.consumer = c
	return m, err
}

// awaitQueues waits until this member is served from that many queues, and for a while on.
func (m *member) awaitQueues(count int, all *inbox) error {
	m.Lock()
	m.queues = map[int]bool{}
	m.Unlock()
	served := func() int {
		m.Lock()
		defer m.Unlock()
		return len(m.queues)
	}
	err := await(func() bool { return served() >= count },
		func() string { return fmt.Sprintf("messages from %d queues, got them from %d", count, served()) })
	if err != nil {
		return err
	}
	return all.await(all.count() + betweenChanges)
}

// rebalance lets consumers of one group join and leave while messages keep coming; nothing may be lost.
func rebalance(r *run) (figures, error) {
	p, err := filled(r, rebalanceQueues, 1)
	if err != nil {
		return nil, err
	}
	sent := 1
	var sendError error
	stop := make(chan struct{})
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			select {
			case <-stop:
				return
			case <-time.After(time.Millisecond):
			}
			if _, sendError = sendEach(p, r.topic(), sent, 1); sendError != nil {
				return
			}
			sent++
		}
	}()
	all := newInbox(r.topic())
	err = joinAndLeave(r, all)
	close(stop)
	<-stopped
	if sendError != nil {
		return nil, sendError
	}
	if err != nil {
		return nil, err
	}
	if err := all.await(sent); err != nil {
		return nil, err
	}
	return figures{"sent": sent, "again": all.deliveries - sent}, nil
}

func joinAndLeave(r *run, all *inbox) error {
	a, err := join(r, all)
	if err != nil {
		return err
	}
	if err := a.awaitQueues(rebalanceQueues, all); err != nil {
		return err
	}
	for round := 0; round < 2; round++ {
		b, err := join(r, all)
		if err != nil {
			return err
		}
		if err := b.awaitQueues(rebalanceQueues/2, all); err != nil {
			return err
		}
		if err := a.consumer.Shutdown(); err != nil {
			return err
		}
		if err := b.awaitQueues(rebalanceQueues, all); err != nil {
			return err
		}
		a = b
	}
	return nil
}
