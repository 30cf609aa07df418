package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/apache/rocketmq-client-go/v2"
	"github.com/apache/rocketmq-client-go/v2/consumer"
	"github.com/apache/rocketmq-client-go/v2/primitive"
)

const expression = "n BETWEEN 10 AND 79 AND (TAGS IN ('TagA', 'TagB') OR KEYS CONTAINS '5') AND greeting NOT ENDSWITH '🙂 20'"

func wanted(n int) bool {
	return n >= 10 && n <= 79 && (tagNames[n%3] != "TagC" || strings.Contains(strconv.Itoa(n), "5")) && n != 20
}

func wantedOf(count int) int {
	sum := 0
	for n := 0; n < count; n++ {
		if wanted(n) {
			sum++
		}
	}
	return sum
}

// sqlConsumer is started; the error of its start is the client's.
func (r *run) sqlConsumer(group, sql string, listen listener) (rocketmq.PushConsumer, error) {
	c, err := rocketmq.NewPushConsumer(r.consumerOptions(group)...)
	if err != nil {
		return nil, err
	}
	if err := c.Subscribe(r.topic(), consumer.MessageSelector{Type: consumer.SQL92, Expression: sql}, listen); err != nil {
		return nil, err
	}
	r.closers = append(r.closers, c.Shutdown)
	return c, c.Start()
}

// sqlPush: half of the messages are there before the consumer, half come while its pulls are held.
func sqlPush(r *run) (figures, error) {
	p, err := r.producer()
	if err != nil {
		return nil, err
	}
	if _, err := sendEach(p, r.topic(), 0, 50); err != nil {
		return nil, err
	}
	in := newInbox(r.topic())
	_, err = r.sqlConsumer(r.group("sql"), expression, func(_ context.Context, messages ...*primitive.MessageExt) (consumer.ConsumeResult, error) {
		for _, message := range messages {
			in.accept(message)
		}
		return consumer.ConsumeSuccess, nil
	})
	if err != nil {
		return nil, err
	}
	if err := in.await(wantedOf(50)); err != nil {
		return nil, err
	}
	if _, err := sendEach(p, r.topic(), 50, 50); err != nil {
		return nil, err
	}
	if err := in.await(wantedOf(100)); err != nil {
		return nil, err
	}
	in.Lock()
	defer in.Unlock()
	for n := range in.byNumber {
		if !wanted(n) {
			return nil, fmt.Errorf("message %d was delivered", n)
		}
	}
	return figures{"sent": 100, "received": in.deliveries}, nil
}

// sqlStart gives what the start of a consumer says of an expression: this client passes no code on.
func sqlStart(r *run) (figures, error) {
	p, err := r.producer()
	if err != nil {
		return nil, err
	}
	if _, err := sendEach(p, r.topic(), 0, 1); err != nil {
		return nil, err
	}
	_, err = r.sqlConsumer(r.group("start"), r.text("sql"), func(context.Context, ...*primitive.MessageExt) (consumer.ConsumeResult, error) {
		return consumer.ConsumeSuccess, nil
	})
	if err != nil {
		return figures{"message": err.Error()}, nil
	}
	return figures{"message": ""}, nil
}
