package main

import (
	"context"
	"fmt"

	"github.com/apache/rocketmq-client-go/v2"
	"github.com/apache/rocketmq-client-go/v2/consumer"
	"github.com/apache/rocketmq-client-go/v2/primitive"
)

// broadcast: each consumer of the group gets every message, and one that leaves and comes back under its name goes on
// where it was. No message fails: the client would not take it out of its queue, and so never commit what is after it.
func broadcast(r *run) (figures, error) {
	first, later := 40, 20
	p, err := filled(r, 4, first)
	if err != nil {
		return nil, err
	}
	stays, leaves, back := newInbox(r.topic()), newInbox(r.topic()), newInbox(r.topic())
	if _, err := openBroadcast(r, "stays", stays); err != nil {
		return nil, err
	}
	c, err := openBroadcast(r, "leaves", leaves)
	if err != nil {
		return nil, err
	}
	for _, in := range []*inbox{stays, leaves} {
		if err := in.await(first); err != nil {
			return nil, err
		}
	}
	// What is left of the topic for this consumer.
	left := func() int64 { return c.GetOffsetDiffMap()[r.topic()] }
	if err := await(func() bool { return left() == 0 }, func() string { return fmt.Sprintf("the last of %d offsets", left()) }); err != nil {
		return nil, err
	}
	if err := c.Shutdown(); err != nil {
		return nil, err
	}
	if _, err := sendEach(p, r.topic(), first, later); err != nil {
		return nil, err
	}
	if _, err := openBroadcast(r, "leaves", back); err != nil {
		return nil, err
	}
	if err := stays.await(first + later); err != nil {
		return nil, err
	}
	if err := back.await(later); err != nil {
		return nil, err
	}
	got := []int{stays.count(), leaves.count(), back.count()}
	if got[0] != first+later || got[1] != first || got[2] != later {
		return nil, fmt.Errorf("%v messages came to the one that stayed, to the one that left and after it came back", got)
	}
	return figures{"sent": first + later}, nil
}

func openBroadcast(r *run, name string, in *inbox) (rocketmq.PushConsumer, error) {
	return r.pushConsumer(r.group("all"), "*", func(_ context.Context, messages ...*primitive.MessageExt) (consumer.ConsumeResult, error) {
		for _, message := range messages {
			in.accept(message)
		}
		return consumer.ConsumeSuccess, nil
	}, consumer.WithConsumerModel(consumer.BroadCasting), consumer.WithInstance(r.topic()+"-"+name))
}
