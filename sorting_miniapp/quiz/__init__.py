"""Quizzes: questions, papers, attempts marked on the server, points, mistakes, leaderboards."""
